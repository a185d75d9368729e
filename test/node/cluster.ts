import path from 'node:path'
import { helm } from '../harness/control-plane/helm.ts'
import { stepsUntil } from '../harness/control-plane/progress.ts'
import { startGatewayCluster } from './gateway-cluster.ts'
import type { Node } from './node.ts'
import { Release } from './release.ts'

// `make cluster`: runs a cluster of one real node on this machine, with refgrant installed, until Ctrl-C.

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal))

const step = stepsUntil(stop.signal)

async function cluster(): Promise<void> {
  const node = await step('starting a node', () => startGatewayCluster(stop.signal))
  try {
    await step('installing refgrant', async () => (await Release.on(node)).install())
    process.stdout.write(instructions(node, path.dirname(await helm())))
    if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
    process.stderr.write('\nstopping\n')
  } finally {
    await node.stop()
  }
}

function instructions({ kubeconfig, programs, folder }: Node, helmFolder: string): string {
  const samples = path.relative(process.cwd(), path.join(import.meta.dirname, '..', 'sandbox'))
  const [route, grant] = [path.join(samples, 'route.yaml'), path.join(samples, 'grant.yaml')]
  return `
Ready: a cluster of one real node, with refgrant installed. In another terminal, in this folder:

    export KUBECONFIG=${kubeconfig} PATH=${programs}:${helmFolder}:$PATH

    kubectl get pods --all-namespaces
    kubectl apply -f ${route}     # refused: no grant permits the reference
    kubectl apply -f ${grant}     # the owner of namespace billing permits it
    kubectl apply -f ${route}     # accepted
    kubectl -n refgrant-system logs -l app.kubernetes.io/name=refgrant --prefix
    kubectl -n refgrant-system rollout restart deployment/refgrant    # no review is lost

docs/install.md goes on: the ladder, the switch, upgrades. For the command refgrant, run node src/cli.ts. Before you follow
the guide, remove what you applied (the namespaces shop and billing exist already):

    kubectl delete -f ${route} -f ${grant}

The node pulls images from 127.0.0.1:5000, which has refgrant and busybox with any tag. To install refgrant again, add
--set image.registry=127.0.0.1:5000. The logs of the node are in
${folder}/logs, and those of the API server, with its audit log, in
${folder}/control-plane. To stop everything, press Ctrl-C.

`
}

try {
  await cluster()
} catch (error) {
  if (!stop.signal.aborted) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
