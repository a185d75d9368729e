/** A failure that its message explains to whoever typed the command; no stack is shown. */
export class CommandFailure extends Error {}
