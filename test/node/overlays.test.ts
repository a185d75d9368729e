import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { issueAuthority, issueServer } from '../../src/certificates/issue.ts'
import { overlays } from '../harness/control-plane/chart.ts'
import { folderWith } from '../harness/folders.ts'
import type { ApiObject } from '../harness/objects/api-object.ts'
import { until } from '../harness/until.ts'
import { A_DAY } from '../harness/validities.ts'
import { ONLY_LONG, onNode } from './on-node.ts'
import { NAMESPACE } from './release.ts'

/** The image of the node's registry. */
const IMAGE = { name: 'registry.example.com/refgrant', newName: '127.0.0.1:5000/refgrant', newTag: 'first' }

suite('the kustomizations on a node', ONLY_LONG, () => {
  const on = onNode()

  /** A folder with a kustomization that names an overlay and the image. */
  function kustomization(overlay: string): string {
    const folder = folderWith({ 'kustomization.yaml': stringify({ resources: [overlay], images: [IMAGE] }) })
    cpSync('manifests', path.join(folder, 'manifests'), { recursive: true })
    return folder
  }

  for (const overlay of overlays.filter((folder) => !folder.endsWith('cert-manager')))
    test(`${overlay} installs refgrant, and takes it away again`, async (context) => {
      const folder = kustomization(overlay)
      await on.node.kubectl('apply', '-k', folder)
      const begun = performance.now()
      // Under Fail, the API server refuses such a write without a verdict until then.
      await on.release.becomes(overlay.endsWith('audit-only') ? 'passes' : 'refused')
      context.diagnostic(`judged after ${((performance.now() - begun) / 1_000).toFixed(1)} s`)
      await on.release.rolledOut()
      await on.node.kubectl('delete', '-k', folder)
      await until('nothing is left', async () => (await on.release.left()).length === 0)
    })

  test('manifests/overlays/cert-manager does, with the Secret and the authority of cert-manager', async () => {
    const printed = await on.node.kubectl('kustomize', kustomization('manifests/overlays/cert-manager'))
    const objects = parseAllDocuments(printed).map((document) => document.toJS() as ApiObject)
    const certificate = objects.find(({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'refgrant')
    const { secretName, dnsNames } = (certificate as ApiObject).spec as { secretName: string; dnsNames: [string] }
    const authority = issueAuthority('cert-manager', A_DAY)
    const { cert, key } = issueServer(authority, dnsNames, A_DAY)
    await on.node.api.apply(...objects.filter(({ apiVersion }) => !apiVersion.startsWith('cert-manager')))
    await on.node.api.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secretName, namespace: NAMESPACE },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': cert, 'tls.key': key },
    })
    await inject(objects, Buffer.from(authority.cert).toString('base64'))
    await on.release.rolledOut()
    await on.release.becomes('refused')
  })

  /** Writes the authority into the registration by an apply, as the cainjector of cert-manager does. */
  async function inject(objects: readonly ApiObject[], caBundle: string): Promise<void> {
    const registration = objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration') as ApiObject
    assert.equal(
      (registration.metadata as { annotations?: Record<string, string> }).annotations?.[
        'cert-manager.io/inject-ca-from'
      ],
      `${NAMESPACE}/refgrant`,
    )
    const webhooks = (registration.webhooks as { name: string }[]).map(({ name }) => ({
      name,
      clientConfig: { caBundle },
    }))
    const { apiVersion, kind, metadata } = registration
    const path = `${await on.node.api.pathOf(registration)}?fieldManager=cainjector&force=true`
    const body = { apiVersion, kind, metadata: { name: metadata.name }, webhooks }
    await on.node.api.must('PATCH', path, body, 'application/apply-patch+yaml')
  }
})
