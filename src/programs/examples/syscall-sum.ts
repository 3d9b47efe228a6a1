import { syscall } from '../../asm/dsl/program/syscall.ts'
import { u32, u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

/** What the program is called with, and where it leaves its answer. */
export const Sum = struct('sum', { a: u32, b: u32, result: u64 })

/** Adds two numbers in the kernel: the least that a program run by user space can do. */
export const syscallSum = syscall('sum', Sum, (b, sum) => {
  b.assign(sum, { result: sum.a.toU64().add(sum.b) })
  b.return(0)
})
