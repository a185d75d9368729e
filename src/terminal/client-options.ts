import { Option } from 'commander'
import { NAMES } from '../manifests/names.ts'
import { certificatesOption, secretOption } from './certificate-options.ts'
import { nameOptions, urlOption } from './options.ts'

/** The options about how the API server reaches and trusts the webhook, in the order of the help. */
export const clientOptions = () => [
  urlOption(),
  new Option('--ca <file>', 'PEM file with the authority of the server certificate; default: none'),
  certificatesOption('self-managed without --ca, otherwise files'),
  secretOption(),
  ...nameOptions(NAMES.namespace),
  new Option(
    '--static',
    'print the part webhook for a file in the staticManifestsDir of an API server (Kubernetes 1.37)',
  ),
]
