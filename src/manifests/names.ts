/** What the objects of an installation are called. */
export interface Names {
  /** The name of the registration, of the Service, of the account and of its roles. */
  readonly name: string
  readonly namespace: string
}

/** The names in the shipped manifests. */
export const NAMES: Names = { name: 'refgrant', namespace: 'refgrant-system' }

/** The name of the Secret with the certificate authority. */
export const SECRET = 'refgrant-authority'
