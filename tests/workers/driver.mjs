// Runs Workers in real workerd by Miniflare. Each line of the input is a JSON object with an `id`,
// and each answer has the same `id`. Lines with `log` are logs of the Workers.
//
// The first argument is a folder whose node_modules has Miniflare.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { createInterface } from "node:readline";

const packages = createRequire(`${process.argv[2]}/`);
const { Miniflare } = packages("miniflare");
const { transform } = packages("esbuild");

const tell = (message) => void process.stdout.write(`${JSON.stringify(message)}\n`);

/** The modules of a built Worker, with these files, texts or bytes, in place of the bundled ones. */
async function modules({ folder, entry, files, around }) {
  const at = `/${basename(folder)}`;
  const names = Object.keys(files);
  const imports = names.map((_, at) => `import file${at} from "./file${at}.txt";`);
  const members = names.map((name, at) => `${JSON.stringify(name)}: file${at},`);
  const file = (path, contents) =>
    contents.base64 ? { type: "Data", path, contents: Buffer.from(contents.base64, "base64") } : { type: "Text", path, contents };
  const bundled = `${imports.join("\n")}\nexport default { ${members.join(" ")} };\n`;
  const built = (type, path) => readFile(`${folder}/${path}`).then((contents) => ({ type, path: `${at}/${path}`, contents }));
  return [
    // The first module is the entry.
    ...(around ? [{ type: "ESModule", path: `${at}/around.js`, contents: around }] : []),
    await built("ESModule", entry),
    ...(existsSync(`${folder}/src/age.js`) ? [await built("ESModule", "src/age.js")] : []),
    await built("ESModule", "build/index.js"),
    await built("CompiledWasm", "build/index_bg.wasm"),
    { type: "ESModule", path: "/policy/index.js", contents: bundled },
    ...names.map((name, at) => file(`/policy/file${at}.txt`, files[name])),
  ];
}

const BUILT = { modulesRoot: "/", compatibilityDate: "2026-04-26", compatibilityFlags: ["nodejs_compat"] };

/** A Worker of one file. */
async function script(code) {
  const { code: javascript } = await transform(code, { loader: "ts" });
  return { modules: true, script: javascript };
}

/** One Worker: built from a `folder`, or of one file of `typescript`, with its bindings. */
async function worker(wanted) {
  const { name, bindings = {}, keys, ledger, objects = {}, services = {}, wrapped = {}, entrypoints = [] } = wanted;
  const code = wanted.typescript ? await script(wanted.typescript) : { modules: await modules(wanted) };
  const namespaces = keys && { kvNamespaces: { KEYS: keys } };
  // A Worker that provides a binding listens on no socket.
  if (wanted.stands_in) return { name, ...code, ...namespaces };
  return {
    ...BUILT,
    name,
    ...code,
    bindings,
    ...namespaces,
    durableObjects: { ...(ledger && { LEDGER: { className: "Ledger", useSQLite: true, ...ledger } }), ...objects },
    serviceBindings: Object.fromEntries(Object.entries(services).filter(([, to]) => to !== null)),
    wrappedBindings: wrapped,
    unsafeDirectSockets: [undefined, ...entrypoints].map((entrypoint) => ({ host: "127.0.0.1", port: 0, entrypoint })),
  };
}

let miniflare;

const doing = {
  /** Starts Workers in place of those before; answers where each of them listens. */
  async start({ workers }) {
    const options = {
      workers: await Promise.all(workers.map(worker)),
      structuredWorkerdLogs: true,
      handleStructuredLogs: ({ level, message }) => tell({ log: message, level }),
    };
    if (miniflare) await miniflare.setOptions(options);
    else miniflare = new Miniflare(options);
    await miniflare.ready;
    const sockets = workers.filter((worker) => !worker.stands_in).flatMap(({ name, entrypoints = [] }) => [undefined, ...entrypoints].map((e) => [name, e]));
    const address = async ([name, entrypoint]) => {
      const { host } = await miniflare.unsafeGetDirectURL(name, entrypoint);
      return [entrypoint ? `${name}/${entrypoint}` : name, host];
    };
    return Object.fromEntries(await Promise.all(sockets.map(address)));
  },

  /** Asks the ledger that is bound to a Worker. */
  async ledger({ worker: name, object = "ledger", question }) {
    const ledgers = await miniflare.getDurableObjectNamespace("LEDGER", name);
    const ledger = ledgers.get(ledgers.idFromName(object));
    const response = await ledger.fetch("https://ledger/", { method: "POST", body: JSON.stringify(question) });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  },

  /** What KV has under a name. */
  async kept({ worker: name, key }) {
    return (await miniflare.getKVNamespace("KEYS", name)).get(key);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ask, ...arguments_ } = JSON.parse(line);
  try {
    tell({ id, done: await doing[ask](arguments_) });
  } catch (error) {
    tell({ id, failed: String(error?.stack ?? error) });
  }
}
await miniflare?.dispose();
