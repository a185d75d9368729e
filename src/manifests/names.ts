/** The namespace of the shipped manifests, and the name of their objects. */
export const NAMESPACE = 'refgrant-system'
export const NAME = 'refgrant'
