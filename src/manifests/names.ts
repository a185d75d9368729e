/** The namespace that the shipped manifests install to, and the name of the objects in it. */
export const NAMESPACE = 'refgrant-system'
export const NAME = 'refgrant'
