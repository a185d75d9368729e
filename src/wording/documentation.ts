import manifest from '../../package.json' with { type: 'json' }

/** Returns the address of a page of the documentation, which the package does not contain. */
export const documentation = (page: string) => `${manifest.repository}/blob/main/docs/${page}`
