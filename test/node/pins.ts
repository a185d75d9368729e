import type { Pin } from '../../.build/image/pins.ts'

/** Debian's packages for the tests, beside the libraries of refgrant's image. */
export interface Pinned {
  readonly node: readonly Pin[]
  readonly prometheus: readonly Pin[]
  readonly shells: readonly Pin[]
  /** What the executables of refgrant link beside the libraries of its image. */
  readonly arm64: readonly Pin[]
}

/** The file of the pins, which `make image-pins` writes. */
export const PINS = new URL('pins.json', import.meta.url)
