/** The namespace of the shipped manifests, and the name of their objects. */
export const NAMESPACE = 'refgrant-system'
export const NAME = 'refgrant'

/** The name of the Secret with the certificate authority. */
export const SECRET = 'refgrant-authority'
