import assert from 'node:assert/strict'
import path from 'node:path'
import { CHART } from '../harness/control-plane/chart.ts'
import { type Helm, helm } from '../harness/control-plane/helm.ts'
import { documented, leftOf, shell } from '../harness/control-plane/installation.ts'
import { route } from '../harness/objects/objects.ts'
import { run } from '../harness/program/run.ts'
import { until } from '../harness/until.ts'
import type { Node } from './node.ts'

export const NAMESPACE = 'refgrant-system'
const NAME = 'refgrant'

/** A route that no grant permits. */
const CROSSING = route({ name: 'checkout', backends: [['payments', 'billing']] })

/** The last step of the ladder: a write that refgrant cannot judge is refused. */
export const FAIL = 'configuration.failurePolicy=Fail'

/** A pod, as much of it as tests read. */
interface Pod {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly containerStatuses?: readonly Container[] }
}

interface Container {
  readonly containerID?: string
  readonly ready: boolean
  readonly state: { readonly waiting?: { readonly reason: string } }
  readonly lastState: { readonly terminated?: { readonly reason: string } }
}

/** refgrant on a node, as Helm installs it. */
export class Release {
  readonly #node: Node
  readonly #helm: string
  readonly #administrator: Parameters<typeof documented>[1]

  private constructor(node: Node, helm: string) {
    this.#node = node
    this.#administrator = { kubectl: path.join(node.programs, 'kubectl'), kubeconfig: node.kubeconfig, helm }
    this.#helm = helm
  }

  /** refgrant on a node, which is not installed yet. */
  static async on(node: Node, major: Helm = 4): Promise<Release> {
    return new Release(node, await helm(major))
  }

  /** Installs it with these settings, and waits as long as Helm does. */
  async install(...settings: string[]): Promise<void> {
    await this.installChart(CHART, ...settings)
  }

  /** Installs it likewise, without waiting for its pods and without the probe. */
  async startInstall(...settings: string[]): Promise<void> {
    await this.helm('install', NAME, CHART, '--create-namespace', '--no-hooks', ...set(settings))
  }

  /** Installs another chart of it. */
  async installChart(chart: string, ...settings: string[]): Promise<void> {
    await this.helm('install', NAME, chart, '--create-namespace', '--wait', ...set(settings))
  }

  /** Upgrades it to the chart of this repository, with these settings; what waits for it waits as Helm does. */
  async upgrade(...settings: string[]): Promise<void> {
    await this.helm('upgrade', NAME, CHART, '--wait', ...set(settings))
  }

  /** Upgrades it likewise, without waiting for its pods. */
  async startUpgrade(...settings: string[]): Promise<void> {
    await this.helm('upgrade', NAME, CHART, ...set(settings))
  }

  /**
   * Runs Helm in the namespace, and returns what it prints.
   *
   * @throws Error if it fails
   */
  async helm(...argv: string[]): Promise<string> {
    const own = ['CACHE', 'CONFIG', 'DATA'].map((name) => [`HELM_${name}_HOME`, path.join(this.#node.folder, 'helm')])
    const where = ['--namespace', NAMESPACE, '--kubeconfig', this.#node.kubeconfig]
    const { code, stdout, stderr } = await run(this.#helm, [...argv, ...where], { env: Object.fromEntries(own) })
    assert.equal(code, 0, `helm ${argv.join(' ')}: ${stderr}`)
    // What hooks say is on standard error.
    return stdout + stderr
  }

  /** Runs kubectl in the namespace, and returns what it prints. */
  kubectl(...argv: string[]): Promise<string> {
    return this.#node.kubectl('--namespace', NAMESPACE, ...argv)
  }

  /** Runs a command of a guide, docs/install.md by default, and returns what it prints. */
  documented(name: string, guide?: string): Promise<string> {
    return documented(name, this.#administrator, guide)
  }

  /** Runs commands that are written in a guide, and returns what they print. */
  shell(commands: string): Promise<string> {
    return shell(commands, this.#administrator)
  }

  /** The names of all objects of refgrant that are left. */
  left(): Promise<string[]> {
    return leftOf(this.#administrator)
  }

  /** Tries to create a route that no grant permits: tells whether refgrant refuses it, or it passes. */
  async crossing(): Promise<'refused' | 'passes' | 'not judged'> {
    const said = await this.refusal()
    if (said === undefined) return 'passes'
    return said.includes('which no ReferenceGrant permits') ? 'refused' : 'not judged'
  }

  /** Tries to create such a route, and returns why the API server refuses it; undefined if it does not. */
  async refusal(): Promise<string | undefined> {
    const { status, body } = await this.#node.api.create(CROSSING, '?dryRun=All')
    return status === 201 ? undefined : String(body.message)
  }

  /** Waits until such a route is refused, or passes: the API server goes by a registration a moment after it was written. */
  async becomes(outcome: 'refused' | 'passes'): Promise<void> {
    await until(`a crossing route is ${outcome}`, async () => (await this.crossing()) === outcome)
  }

  async pods(): Promise<readonly Pod[]> {
    return (await this.#node.api.must('GET', `/api/v1/namespaces/${NAMESPACE}/pods`)).items
  }

  /** Waits until all pods are ready, of the Deployment as it is now, and no others are left. */
  async rolledOut(): Promise<void> {
    await this.kubectl('rollout', 'status', `deployment/${NAME}`)
    await until('two pods are ready, and no others are left', async () => {
      const pods = await this.pods()
      return pods.length === 2 && pods.every(({ status }) => status.containerStatuses?.[0]?.ready)
    })
  }

  /** Waits until a container waits for one of these reasons, or has ended for one. */
  async untilAContainerHas(reason: RegExp): Promise<void> {
    await until(`a container has ${reason}`, async () => {
      const containers = (await this.pods()).flatMap(({ status }) => status.containerStatuses ?? [])
      return containers.some(({ state, lastState }) =>
        reason.test(`${state.waiting?.reason} ${lastState.terminated?.reason}`),
      )
    })
  }
}

/** The image of the node's registry, which has it by any tag, and these settings. */
function set(settings: readonly string[]): string[] {
  return ['image.registry=127.0.0.1:5000', 'image.tag=first', ...settings].flatMap((setting) => ['--set', setting])
}
