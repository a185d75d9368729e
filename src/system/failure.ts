/** How a command ends. `findings`: it did its work and found errors. `failed`: it could not, or not all of it. */
export const EXIT = { done: 0, findings: 1, failed: 2 } as const

/** A failure that its message explains to the person who typed the command; no stack is shown. */
export class Failure extends Error {}
