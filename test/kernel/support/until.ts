/**
 * Asks again and again until the answer is what is wanted. The deadline is far beyond what a slow machine takes: it
 * only ends a test that would never end.
 *
 * @throws with the last answer when the deadline has passed
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  wanted: (answer: T) => boolean,
  deadline = 20_000,
): Promise<T> {
  const end = Date.now() + deadline
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    if (Date.now() > end)
      throw new Error(`waited ${deadline} ms in vain for ${what}; last: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
