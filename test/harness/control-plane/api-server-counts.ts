import type { ApiClient } from './api-client.ts'

/** The sum of a metric of the API server, over the series that have each of these labels. */
export async function apiServerCount(api: ApiClient, metric: string, ...labels: string[]): Promise<number> {
  const lines: string[] = (await api.must('GET', '/metrics')).split('\n')
  return lines
    .filter((line) => line.startsWith(`${metric}{`) && labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

const FAIL_OPEN = 'apiserver_admission_webhook_fail_open_count'
const REJECTION = 'apiserver_admission_webhook_rejection_count'

/** The writes that the API server allowed and that it refused, since its start, because the call of this entry failed. */
export async function failuresOf(
  api: ApiClient,
  entry = '.refgrant.dev',
): Promise<{ allowed: number; refused: number }> {
  const ofEntry = `${entry}"`
  const all = await apiServerCount(api, REJECTION, ofEntry)
  return {
    allowed: await apiServerCount(api, FAIL_OPEN, ofEntry),
    refused: all - (await apiServerCount(api, REJECTION, ofEntry, 'error_type="no_error"')),
  }
}

/** Calls of refgrant that failed since the start of the API server. */
export async function failedCalls(api: ApiClient): Promise<number> {
  const { allowed, refused } = await failuresOf(api)
  return allowed + refused
}
