import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Questions, Tally } from './neighbour.ts'
import type { Victim } from './siege.ts'

/** The process that asks; see neighbour.ts. */
export class Neighbour {
  readonly #process = fork(path.join(import.meta.dirname, 'neighbour.ts'))
  #latest: Tally = empty()
  #before: Tally = empty()

  constructor({ healthPort, url, ca, process: { pid } }: Victim, bodies: readonly string[]) {
    const reviews = bodies.map((body) => ({ url: `${url}/deny?timeout=30s`, body }))
    const questions: Questions = { health: `http://127.0.0.1:${healthPort}/livez`, reviews, ca, pid: pid as number }
    this.#process.send(questions)
    this.#process.on('message', (tally: Tally) => {
      this.#latest = tally
    })
  }

  /** Resolves when it has so many more answers of each kind, whatever they are. */
  async answers(count: number): Promise<void> {
    const asked = ({ livez, reviews }: Tally) =>
      Math.min(livez.answered + livez.failed.length, reviews.permitted + reviews.shed.length + reviews.failed.length)
    const enough = asked(this.#latest) + count
    while (asked(this.#latest) < enough) await once(this.#process, 'message')
  }

  /** Begins a new count. */
  mark(): void {
    this.#before = this.#latest
  }

  /** What came of all its questions. */
  get all(): Tally {
    return this.#latest
  }

  /** What came of its questions since the mark; the worst since the start. */
  tally(): Tally {
    const [now, then] = [this.#latest, this.#before]
    return {
      livez: {
        ...now.livez,
        answered: now.livez.answered - then.livez.answered,
        failed: now.livez.failed.slice(then.livez.failed.length),
      },
      reviews: {
        permitted: now.reviews.permitted - then.reviews.permitted,
        shed: now.reviews.shed.slice(then.reviews.shed.length),
        failed: now.reviews.failed.slice(then.reviews.failed.length),
      },
    }
  }

  leave(): void {
    this.#process.disconnect()
  }
}

function empty(): Tally {
  return { livez: { answered: 0, failed: [], worst: 0, worstBusy: 0 }, reviews: { permitted: 0, shed: [], failed: [] } }
}
