import { readFileSync } from 'node:fs'

/** The platforms of the image, as OCI and Debian name them, and what npm calls them. */
export const PLATFORMS = { amd64: 'x64', arm64: 'arm64' } as const
export type Platform = keyof typeof PLATFORMS

/** A package that is taken only with this content. */
export interface Pin {
  readonly name: string
  readonly version: string
  /** The place of a Debian package in the archive. */
  readonly path?: string
  readonly sha256: string
}

/** What the image of a platform is made of, besides refgrant. */
export interface Pins {
  readonly node: Pin
  readonly debian: readonly Pin[]
}

/** The file of the pins, which `make image-pins` writes. */
export const PINS = new URL('pins.json', import.meta.url)

/** Returns the pins of each platform. */
export function readPins(): Record<Platform, Pins> {
  return JSON.parse(readFileSync(PINS, 'utf8'))
}
