/** YAML of a route of namespace shop, which sends traffic to Service payments in namespace billing. */
export const ROUTE = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: checkout
  namespace: shop
spec:
  parentRefs:
    - name: web
  rules:
    - backendRefs:
        - name: cart
          port: 8080
        - name: payments
          namespace: billing
          port: 8080
`

/** YAML of the grant that permits it. */
export const GRANT = `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata:
  name: shop
  namespace: billing
spec:
  from:
    - group: gateway.networking.k8s.io
      kind: HTTPRoute
      namespace: shop
  to:
    - group: ""
      kind: Service
      name: payments
`
