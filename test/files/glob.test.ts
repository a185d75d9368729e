import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { excludedBy } from '../../src/files/glob.ts'

const excludes = (glob: string, place: string) => excludedBy([glob])(place)

describe('a glob of --exclude', () => {
  const cases: Record<string, readonly [glob: string, left: readonly string[], read: readonly string[]]> = {
    'of a name': ['secret.yaml', ['secret.yaml', 'a/b/secret.yaml'], ['secret.yml', 'secret.yaml/a', 'xsecret.yaml']],
    'of a folder': ['tests/', ['tests', 'a/tests'], ['tests.yaml', 'tests/a']],
    'of a path': ['a/b.yaml', ['a/b.yaml'], ['b.yaml', 'x/a/b.yaml', 'a/b.yaml/c']],
    'of a path from the folder': ['/a', ['a'], ['b/a']],
    'with stars': ['a*c*.yaml', ['ac.yaml', 'x/abcd.yaml'], ['a.yaml', 'ab/c.yaml', '.ac.yaml']],
    'with a question mark': ['?.yaml', ['a.yaml', 'x/\u{1f600}.yaml'], ['ab.yaml', '.yaml']],
    'with a set': ['[a-cx].yaml', ['b.yaml', 'x.yaml'], ['d.yaml', '-.yaml']],
    'with a set of all others': ['[!a-c].yaml', ['d.yaml'], ['b.yaml']],
    'with a set of a bracket': ['[]a].yaml', ['].yaml', 'a.yaml'], ['[.yaml']],
    'with a bracket that is not closed': ['a[b', ['a[b'], ['ab']],
    'with alternatives': ['{a,b{c,d}}.yaml', ['a.yaml', 'bc.yaml', 'x/bd.yaml'], ['b.yaml', 'c.yaml']],
    'with paths as alternatives': ['{a,b/c}', ['a', 'b/c'], ['x/a', 'c']],
    'with a brace that is not closed': ['{a,b', ['{a,b'], ['a']],
    'with folders before': ['**/b.yaml', ['b.yaml', 'a/b.yaml', 'a/a/b.yaml'], ['.a/b.yaml', 'ab.yaml']],
    'with folders after': ['a/**', ['a/b', 'a/b/c'], ['a', 'b/a/c', 'a/.b']],
    'with folders between': ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['a/xb', 'a/b/x']],
    'of hidden files': ['.*', ['.a', 'x/.a'], ['a']],
    'with other letters': ['a.yaml', ['a.yaml'], ['A.yaml']],
  }
  for (const [name, [glob, left, read]] of Object.entries(cases))
    test(name, () => {
      for (const place of left) assert.equal(excludes(glob, place), true, `${glob} must leave out ${place}`)
      for (const place of read) assert.equal(excludes(glob, place), false, `${glob} must not leave out ${place}`)
    })

  test('matches what the globs of Node match', () => {
    // A doubled slash and folders by the name `.` are left out: Node does not read them in one way.
    const glob = fc
      .array(fc.constantFrom('*', '**', '?', 'a', 'b', '.a', '/**/', '/', '[ab]', '[!a]', '{a,b}', '{a,*}', '-'), {
        minLength: 1,
        maxLength: 6,
      })
      .map((parts) => parts.join('').replaceAll(/\/+/g, '/').replace(/^\//, ''))
      // Node does not let the second of two ** stand for no folder before a name with a dot.
      .filter((text) => text !== '' && !/\*\*.*\*\*.*\.a/.test(text))
    const name = fc.constantFrom('a', 'b', 'ab', 'ba', '.a', '-', 'abab')
    const place = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
    fc.assert(
      fc.property(glob, place, (glob, place) => {
        const written = glob.replace(/\/$/, '')
        const expected = path.matchesGlob(written.includes('/') ? place : path.basename(place), written)
        assert.equal(excludes(glob, place), expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('with many stars is tested to its end', () => {
    assert.equal(excludes(`${'a*'.repeat(120)}b`, 'a'.repeat(255)), false)
    assert.equal(excludes(`${'a*/**/'.repeat(60)}b`, Array.from({ length: 1_000 }, () => 'aa').join('/')), false)
    assert.equal(excludes(`${'{a,b}'.repeat(9)}*`, 'abababababab'), true)
  })

  const refused: Record<string, RegExp> = {
    '!(a).yaml': /^--exclude "!\(a\)\.yaml": "!\(" is not supported: write \*, \?, \[a-z\], \{a,b\} or \*\*$/,
    '[[:alpha:]]': /"\[\[:" is not supported/,
    '{1..9}': /"\{1\.\.9\}" is not supported/,
    ['{a,b}'.repeat(10)]: /the braces stand for more than 1,000 globs: write fewer$/,
    [`{a,b}${'{c,d}'.repeat(5)}${'x'.repeat(4_000)}`]:
      /the braces stand for more than 100,000 characters: write fewer$/,
    ['a'.repeat(4_097)]: /this glob has more than 4,096 characters: shorten it$/,
  }
  for (const [glob, message] of Object.entries(refused))
    test(`${glob.slice(0, 40)} is refused`, () => assert.throws(() => excludedBy([glob]), { name: 'Error', message }))
})
