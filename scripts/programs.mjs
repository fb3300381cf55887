// Finding programs, running them, and installing them where that is allowed: root on Debian or Ubuntu.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const LOG_LINES_IN_ERROR = 20;

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** @param {readonly string[]} names */
export function findProgram(...names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/libexec', '/usr/local/sbin'];
  return names.flatMap((name) => folders.filter(Boolean).map((folder) => join(folder, name))).find(isProgram);
}

/** @param {string} text */
export function lastLines(text) {
  return text.trimEnd().split('\n').slice(-LOG_LINES_IN_ERROR).join('\n');
}

/**
 * Runs a program to its end. It blocks on purpose: a signal that arrives meanwhile is handled after the program ended.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function runToEnd(program, args, env = process.env) {
  const result = spawnSync(program, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(
      `${program} ended with ${result.signal ?? result.status}:\n${lastLines(result.stdout + result.stderr)}`,
    );
  }
  return result.stdout;
}

/**
 * Installs packages with apt; a server among them is not started by it.
 * @param {readonly string[]} packages
 * @param {string} whatToInstall Said when this machine does not let us.
 */
export function installPackages(packages, whatToInstall) {
  const aptGet = findProgram('apt-get');
  if (process.getuid?.() !== 0 || !aptGet || !existsSync('/etc/debian_version')) throw new Error(whatToInstall);
  console.error(`installing ${packages.join(', ')} with apt-get …`);
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) {
    // Should this process be killed outright, the policy it leaves behind forbids nothing any more.
    const script = `#!/bin/sh\nkill -0 ${process.pid} 2>/dev/null && exit 101\nexit 0\n`;
    writeFileSync(policy, script, { mode: 0o755 });
  }
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    runToEnd(aptGet, ['update'], env);
    runToEnd(aptGet, ['install', '-y', '--no-install-recommends', ...packages], env);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${packages.join(', ')} could not be installed.\n${reason}\n\n${whatToInstall}`, { cause });
  } finally {
    if (isOurs) unlinkSync(policy);
  }
}

/**
 * The path of a program, installed first when it is missing.
 * @param {readonly string[]} names Any of them will do.
 * @param {readonly string[]} packages
 */
export function ensureProgram(names, packages) {
  const found = findProgram(...names);
  if (found) return found;
  installPackages(packages, `${names[0]} was not found. Install it: apt-get install ${packages.join(' ')}`);
  const installed = findProgram(...names);
  if (installed) return installed;
  throw new Error(`${packages.join(', ')} brought no ${names[0]}`);
}
