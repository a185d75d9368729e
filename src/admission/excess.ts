import type { Oversize } from '../wording/oversize.ts'

/** Why the objects of a review are too large to read. */
export interface Excess {
  readonly oversize: Oversize
  /** Whether the stored object of an update is too large by itself. */
  readonly storedOversized: boolean
  /**
   * The generations of both objects. The API server increments that of a custom resource with each change, except for
   * changes of metadata and status. Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go,
   * PrepareForUpdate.
   */
  readonly generation?: number | undefined
  readonly storedGeneration?: number | undefined
}
