import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import manifest from '../package.json' with { type: 'json' }

const docs = readdirSync('docs').filter((file) => file.endsWith('.md'))
const pages = ['README.md', 'CONTRIBUTING.md', ...docs.map((file) => `docs/${file}`)]

const headingsOf = (page: string) =>
  [...readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading as string)

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

suite('every link between the pages leads to a file, and to a heading if it names one:', () => {
  for (const page of pages)
    test(page, () => {
      for (const [link, file, anchor] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)) {
        const target = file === '' ? page : path.join(path.dirname(page), file ?? '')
        assert.ok(existsSync(target), link)
        if (anchor !== '')
          assert.ok(
            headingsOf(target)
              .map(anchorOf)
              .includes(anchor ?? ''),
            link,
          )
      }
    })
})

test('each alert has a summary, and links to a section of the documentation', () => {
  const { groups } = parse(readFileSync('manifests/chart/alerts.yaml', 'utf8')) as {
    groups: { rules: { alert: string; annotations: { summary: string; runbook_url: string } }[] }[]
  }
  const rules = groups.flatMap(({ rules }) => rules)
  assert.ok(rules.length > 5)
  for (const { alert, annotations } of rules) {
    assert.match(annotations.summary, /^\S.*\.$/, alert)
    const [page = '', anchor = ''] = annotations.runbook_url.replace(`${manifest.repository}/blob/main/`, '').split('#')
    assert.ok(existsSync(page), annotations.runbook_url)
    assert.ok(headingsOf(page).map(anchorOf).includes(anchor), annotations.runbook_url)
  }
})

test('troubleshooting.md is headed by the words of refgrant', () => {
  const source = ['wording', 'runtime'].flatMap((room) =>
    readdirSync(`src/${room}`)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(`src/${room}/${file}`, 'utf8')),
  )
  const own = headingsOf('docs/troubleshooting.md').filter((heading) =>
    /^(refgrant is|could not|a namespace has|which no|is too large|The budget|waiting)/.test(heading),
  )
  assert.equal(own.length, 7)
  for (const heading of own)
    assert.ok(
      source.some((text) => text.includes(heading)),
      heading,
    )
})
