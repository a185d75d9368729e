import { ProblemReports } from '../system/problem-reports.ts'
import { readKeyPair } from './files.ts'
import type { Certificate } from './issue.ts'
import { validityOf } from './validity.ts'

/** What a look at the files found: another pair, or files that cannot be used; undefined if neither is new. */
export type Look = { readonly pair: Certificate } | { readonly problem: string } | undefined

/**
 * A key pair in two files, which are read again at each look. It does not watch them: an update of a mounted Secret
 * replaces a symbolic link, which file systems report in different ways.
 */
export class KeyPairFiles {
  readonly #cert: string
  readonly #key: string
  /** The last pair that can be used. */
  #pair: Certificate
  /** Two files may be replaced one after the other, so one problem is tolerated. */
  readonly #problems = new ProblemReports(() => performance.now(), 1)

  private constructor(cert: string, key: string, pair: Certificate) {
    this.#cert = cert
    this.#key = key
    this.#pair = pair
  }

  /**
   * @param cert the file of the certificate chain
   * @param key the file of its private key
   * @throws Error that names the file and the problem
   */
  static async open(cert: string, key: string): Promise<KeyPairFiles> {
    return new KeyPairFiles(cert, key, await readKeyPair(cert, key))
  }

  get pair(): Certificate {
    return this.#pair
  }

  /** Reads the files. */
  async look(): Promise<Look> {
    try {
      const pair = await readKeyPair(this.#cert, this.#key)
      const isSame = pair.cert === this.#pair.cert && pair.key === this.#pair.key
      if (!isSame) refuseEarly(this.#cert, pair)
      this.#problems.gone()
      if (isSame) return undefined
      this.#pair = pair
      return { pair }
    } catch (error) {
      const problem = (error as Error).message
      return this.#problems.found(problem) ? { problem } : undefined
    }
  }
}

/** @throws Error if a certificate is not valid yet: until it is, clients accept the last one and not this one */
function refuseEarly(file: string, { cert }: Certificate): void {
  const { from } = validityOf(cert)
  if (from > new Date()) throw new Error(`the certificate in ${file} is not valid before ${from.toISOString()}`)
}
