// Checks Terraform modules against the schema of the provider for AWS, as `terraform validate` would with the provider
// at hand: resources and arguments that do not exist, arguments that are missing or of another type, and references to
// what is not declared.
//
//   node check.mjs PACKAGES MODULE…
//
// PACKAGES is the folder whose node_modules has the packages of package.json. Its bindings of the provider declare each
// resource in TypeScript, generated from the provider's schema. First the mistakes of mistakes.tf must all be found.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [packages, ...modules] = process.argv.slice(2);
const require = createRequire(join(resolve(packages), '/'));
const { parse } = require('@cdktn/hcl2json');

/** Arguments that Terraform itself reads, of every resource. */
const META = ['count', 'for_each', 'provider', 'depends_on', 'lifecycle'];

const camelCase = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** The schema of a resource or data source: its arguments by name, and the attributes that can be read. */
const schemas = new Map();
function schemaOf(type, isData) {
  const folder = `${isData ? 'data-' : ''}${type.replaceAll('_', '-')}`.replace(/^(data-)?aws-/, isData ? 'data-aws-' : '');
  if (!schemas.has(folder)) schemas.set(folder, readSchema(folder));
  return schemas.get(folder);
}

function readSchema(folder) {
  let text;
  try {
    text = readFileSync(join(packages, 'node_modules/@cdktn/provider-aws/lib', folder, 'index.d.ts'), 'utf8');
  } catch {
    return undefined;
  }
  const interfaces = new Map();
  for (const [, name, body] of text.matchAll(/^export interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)) {
    const fields = new Map();
    for (const [, argument, optional, type] of body.matchAll(/#(\w+)\}[^/]*?\*\/\s+readonly \w+(\??): ([\s\S]*?);\n(?= {4}\/\*\*|$)/g)) {
      fields.set(argument, { required: optional === '', type: type.replace(/ \| cdktn\.IResolvable/g, '').trim() });
    }
    interfaces.set(name, fields);
  }
  const config = [...text.matchAll(/^export interface (\w+) extends cdktn\.TerraformMetaArguments/gm)][0][1];
  const declared = text.slice(text.search(/^export declare class \w+ extends cdktn\.Terraform(Resource|DataSource)/m));
  const attributes = new Set([...declared.matchAll(/^ {4}get (\w+)\(\)/gm)].map(([, name]) => name));
  return { interfaces, config, attributes };
}

/** Reads the files of one module into one value. */
async function read(files) {
  const module = {};
  for (const file of files) {
    const parsed = await parse(file, readFileSync(file, 'utf8'));
    for (const [kind, blocks] of Object.entries(parsed)) {
      if (Array.isArray(blocks)) (module[kind] ??= []).push(...blocks);
      else for (const [name, block] of Object.entries(blocks)) module[kind] = merge(module[kind], name, block);
    }
  }
  return module;
}

function merge(blocks = {}, name, block) {
  return { ...blocks, [name]: Array.isArray(block) ? block : { ...blocks[name], ...block } };
}

/** Returns the mistakes of a module. */
function mistakesOf(module, calls = {}) {
  const found = [];
  for (const [kind, isData] of [['resource', false], ['data', true]]) {
    for (const [type, named] of Object.entries(module[kind] ?? {})) {
      const schema = schemaOf(type, isData);
      if (!schema) found.push(`${type}: there is no such ${kind}`);
      else for (const [name, [block]] of Object.entries(named)) {
        checkBlock(`${type}.${name}`, block, schema, schema.config, META, found);
      }
    }
  }
  for (const [name, [block]] of Object.entries(module.module ?? {})) {
    const called = calls[name];
    const variables = called.variable ?? {};
    for (const argument of Object.keys(block)) {
      if (argument !== 'source' && !variables[argument]) found.push(`module.${name}: there is no variable \`${argument}\``);
    }
    for (const [variable, [declared]] of Object.entries(variables)) {
      if (!('default' in declared) && !(variable in block)) found.push(`module.${name}: \`${variable}\` is missing`);
    }
  }
  checkReferences(module, calls, found);
  return found;
}

function checkBlock(at, block, schema, name, meta, found) {
  const fields = schema.interfaces.get(name);
  for (const [argument, value] of Object.entries(block)) {
    if (meta.includes(argument)) continue;
    const field = fields.get(argument);
    if (!field) {
      found.push(`${at}: there is no argument \`${argument}\``);
      continue;
    }
    const nested = field.type.replace(/\[\]$/, '');
    const values = Array.isArray(value) ? value : [value];
    if (schema.interfaces.has(nested)) {
      for (const inner of values) {
        if (typeof inner === 'object') checkBlock(`${at}.${argument}`, inner, schema, nested, [], found);
      }
    } else if (!values.every((one) => isOf(one, field.type))) {
      found.push(`${at}: \`${argument}\` is not of the type ${field.type}`);
    }
  }
  for (const [argument, field] of fields) {
    if (field.required && !(argument in block)) found.push(`${at}: \`${argument}\` is missing`);
  }
}

/** Returns whether a literal is of a type. What is computed is taken for right. */
function isOf(value, type) {
  if (typeof value === 'string' && value.includes('${')) return true;
  switch (type.replace(/\[\]$/, '')) {
    case 'string':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return typeof value === 'object';
  }
}

function checkReferences(module, calls, found) {
  const text = JSON.stringify(module).replaceAll('\\"', '"');
  const locals = new Set((module.locals ?? []).flatMap(Object.keys));
  const used = new Set();
  for (const [, variable] of text.matchAll(/\bvar\.(\w+)/g)) {
    used.add(variable);
    if (!module.variable?.[variable]) found.push(`var.${variable} is not declared`);
  }
  for (const variable of Object.keys(module.variable ?? {})) {
    if (!used.has(variable)) found.push(`var.${variable} is not used`);
  }
  for (const [, local] of text.matchAll(/\blocal\.(\w+)/g)) {
    if (!locals.has(local)) found.push(`local.${local} is not declared`);
  }
  for (const [, name, output] of text.matchAll(/\bmodule\.(\w+)\.(\w+)/g)) {
    if (!calls[name]?.output?.[output]) found.push(`module.${name} has no output \`${output}\``);
  }
  const reference = /\b(data\.)?(aws_\w+)\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?/g;
  for (const [, data, type, name, attribute] of text.matchAll(reference)) {
    const schema = schemaOf(type, Boolean(data));
    if (!module[data ? 'data' : 'resource']?.[type]?.[name]) found.push(`${type}.${name} is not declared`);
    else if (attribute && schema && !schema.attributes.has(camelCase(attribute))) {
      found.push(`${type} has no attribute \`${attribute}\``);
    }
  }
}

const filesOf = (folder) => readdirSync(folder).filter((file) => file.endsWith('.tf')).map((file) => join(folder, file));

// Each mistake is named in a comment of its file.
const planted = join(import.meta.dirname, 'mistakes.tf');
const expected = [...readFileSync(planted, 'utf8').matchAll(/# finds: (.*)/g)].map(([, mistake]) => mistake).sort();
const missed = mistakesOf(await read([planted])).sort();
if (JSON.stringify(missed) !== JSON.stringify(expected)) {
  console.error('The mistakes of mistakes.tf are found as', missed, 'and not as', expected);
  process.exit(2);
}
let wrong = 0;
for (const folder of modules) {
  const module = await read(filesOf(folder));
  const calls = {};
  for (const [name, [block]] of Object.entries(module.module ?? {})) {
    calls[name] = await read(filesOf(join(folder, block.source)));
  }
  const found = mistakesOf(module, calls);
  const count = Object.values(module.resource ?? {}).flatMap(Object.keys).length;
  for (const mistake of found) console.error(`${folder}: ${mistake}`);
  console.log(`${folder}: ${count} resources, ${found.length} mistakes`);
  wrong += found.length;
}
process.exit(wrong === 0 ? 0 : 1);
