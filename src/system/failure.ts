/** The exit codes. `findings`: the command did its work and found errors. `failed`: it could not do all of its work. */
export const EXIT = { done: 0, findings: 1, failed: 2 } as const

/** A failure whose message is enough for the user of the command. It is shown without a stack. */
export class Failure extends Error {}
