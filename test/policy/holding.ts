/** Splits a path of the catalogue into steps: names, and `[]` for a list. */
export const stepsOf = (path: string): string[] => path.replaceAll('[]', '.[]').split('.')

/** Returns an object with `value` at the end of these steps, and with `around` on both sides of it in every list. */
export function holding(steps: readonly string[], value: unknown, around: readonly unknown[] = []): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return value
  const held = holding(rest, value, around)
  return step === '[]' ? [...around, held, ...around] : { [step]: held }
}

/** Returns the path at which `holding` puts its value. */
export const placeOf = (path: string, around: readonly unknown[] = []): string =>
  path.replaceAll('[]', `[${around.length}]`)
