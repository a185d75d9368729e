/** What is kept of a grant: managed fields, labels and annotations would be most of the memory. */
export const GRANT_SHAPE = { metadata: { name: 'whole', namespace: 'whole' }, spec: 'whole' } as const

/**
 * Most that is kept of one grant, in bytes of its JSON. The schema of ReferenceGrant takes 16 entries in each half, which
 * are 18 KiB with the longest names.
 */
export const LARGEST_GRANT = 64 * 1024

/** The annotation of the bookmark that ends a streamed list. Source: Kubernetes API concepts, "Streaming lists". */
export const LIST_ENDS = 'k8s.io/initial-events-end'

/** What is kept of an event of a watch, whose object is a Status if the watch failed. */
export const EVENT_SHAPE = {
  type: 'whole',
  object: {
    ...GRANT_SHAPE,
    metadata: { ...GRANT_SHAPE.metadata, resourceVersion: 'whole', annotations: { [LIST_ENDS]: 'whole' } },
    code: 'whole',
    message: 'whole',
  },
} as const
