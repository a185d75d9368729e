import path from 'node:path'
import { goPrograms } from '../harness/control-plane/go-programs.ts'

/** A program's file name. */
type Program = 'kube-controller-manager' | 'kube-proxy' | 'kube-scheduler' | 'kubelet'

/**
 * The programs of Kubernetes that a node needs beside the control plane, which are built first if need be.
 *
 * @throws Error if Go is missing or the build fails; the signal's reason after an abort
 */
export function nodePrograms(signal?: AbortSignal) {
  const of = (name: Program) => ({ [name]: `k8s.io/kubernetes/cmd/${name}` }) as Record<Program, string>
  return goPrograms<Program>(
    {
      name: 'node-programs',
      folder: path.join(import.meta.dirname, 'programs'),
      packages: { ...of('kube-controller-manager'), ...of('kube-proxy'), ...of('kube-scheduler'), ...of('kubelet') },
      remark: 'once for this machine, 3 to 10 minutes in all.',
    },
    signal,
  )
}
