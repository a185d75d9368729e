/** The steps of a path of the catalogue: names, and `[]` for a list. */
export const stepsOf = (path: string): string[] => path.replaceAll('[]', '.[]').split('.')

/** An object that holds `value` at the end of these steps, with `around` on both sides of it in every list on the way. */
export function holding(steps: readonly string[], value: unknown, around: readonly unknown[] = []): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return value
  const held = holding(rest, value, around)
  return step === '[]' ? [...around, held, ...around] : { [step]: held }
}

/** Where `holding` puts its value. */
export const placeOf = (path: string, around: readonly unknown[] = []): string =>
  path.replaceAll('[]', `[${around.length}]`)
