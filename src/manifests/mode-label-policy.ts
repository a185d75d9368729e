import { DOMAIN } from '../admission/names.ts'

/** The verb that allows a user to change the mode label of a namespace. */
const VERB = 'set-refgrant-mode'

/**
 * Returns a ValidatingAdmissionPolicy that allows only holders of the verb `set-refgrant-mode` on a namespace to change
 * its mode. Without it, every user who may label a namespace can take it out of deny.
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
              // The subresources can change labels, too.
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
