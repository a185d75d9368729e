/** How often a state is asked for while a test waits for it, in ms, and for how long: far beyond what a busy machine takes. */
const POLL = { every: 50, atMost: 180_000 }

/** Waits until a count has reached a number; fails, with its title, when it has not grown for too long. */
export async function untilCounted(title: string, least: number, count: () => Promise<number> | number): Promise<void> {
  for (let counted = await count(); counted < least; ) {
    const before = counted
    counted = await until(`${title}: ${before} of ${least}`, async () => {
      const now = await count()
      return now > before && now
    })
  }
}

/** Asks again and again until the answer is neither false nor absent, and gives it; fails, with its title, when it takes too long. */
export async function until<T>(title: string, ask: () => Promise<T> | T): Promise<Exclude<T, false | undefined>> {
  const deadline = Date.now() + POLL.atMost
  for (;;) {
    const answer = await ask()
    if (answer) return answer as Exclude<T, false | undefined>
    if (Date.now() > deadline) throw new Error(`waited ${POLL.atMost} ms in vain until ${title}`)
    await new Promise((resolve) => setTimeout(resolve, POLL.every))
  }
}
