/** How long an answer may take, in milliseconds. All stores and issuers together take less: the engine has stopped. */
const PATIENCE = 18_000;

/** Rejects after PATIENCE: an engine that has stopped settles none of its promises. `what` names the missing answer. */
export function inTime(promised, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${PATIENCE} ms`)), PATIENCE);
  });
  return Promise.race([promised, late]).finally(() => clearTimeout(timer));
}
