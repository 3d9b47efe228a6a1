/** The largest of the numbers, at least 0. A program can have more instructions than a call takes arguments. */
export function largest(numbers: Iterable<number>): number {
  let result = 0
  for (const number of numbers) if (number > result) result = number
  return result
}
