import { spawn } from 'node:child_process'

/** Emulation is about 50 times slower than the machine itself. */
const patience = 180_000

/** Runs a program. @returns its exit code and output; never rejects for a failure of the program */
export async function run(command, ...args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'])
    child[stream].setEncoding('utf8').on('data', (text) => {
      output[stream] += text
    })
  const timer = setTimeout(() => child.kill('SIGKILL'), patience)
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ ...output, code: code ?? `none: ${signal}`, line: [command, ...args].join(' ') })
    })
  })
}

/** Runs a program that has to succeed. @returns what it printed */
export async function succeed(command, ...args) {
  const result = await run(command, ...args)
  if (result.code !== 0) throw new Error(describe(result))
  return result.stdout
}

/** The same, for a command that prints JSON. */
export async function succeedJson(command, ...args) {
  return JSON.parse(await succeed(command, ...args))
}

/** How a program ended, for a person. */
export function describe({ line, code, stdout, stderr }) {
  return `${line}\nexit code ${code}\n${stderr}${stdout}`.trim()
}
