import { DOMAIN } from '../admission/names.ts'

/** The verb that lets somebody change the mode label of a namespace. */
const VERB = 'set-refgrant-mode'

/**
 * A ValidatingAdmissionPolicy that lets only holders of the verb `set-refgrant-mode` on a namespace choose its mode:
 * whoever may label a namespace could otherwise take it out of deny.
 */
export function modeLabelPolicy(modeLabel: string) {
  const name = `mode-label.${DOMAIN}`
  const label = (object: string) => `${object}.metadata.?labels[?${JSON.stringify(modeLabel)}].orValue("")`
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['*'],
              operations: ['CREATE', 'UPDATE'],
              // Labels can be written through the subresources too.
              resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
            },
          ],
        },
        variables: [
          { name: 'was', expression: `oldObject == null ? "" : ${label('oldObject')}` },
          { name: 'becomes', expression: label('object') },
        ],
        validations: [
          {
            expression: `variables.was == variables.becomes || authorizer.group("").resource("namespaces").name(object.metadata.name).check("${VERB}").allowed()`,
            message: `only users with the verb ${VERB} on this namespace may change its label ${modeLabel}`,
            reason: 'Forbidden',
          },
        ],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ]
}
