/** `tsbpf-lb/programs`: the load balancer as a library, with what the command line does as functions. */

export { type DownResult, down } from './load-balancer/control/down.ts'
export {
  type BackendRequest,
  type Endpoint,
  parseBackend,
  parseService,
  type ServiceName,
} from './load-balancer/control/endpoint.ts'
export type { Flow } from './load-balancer/control/flows.ts'
export type { ServiceRequest } from './load-balancer/control/requests.ts'
export {
  addBackend,
  addService,
  drainBackend,
  removeBackend,
  removeService,
  type ServiceChoice,
} from './load-balancer/control/services.ts'
export { listServices, type Status, status } from './load-balancer/control/status.ts'
export { type UpRequest, type UpResult, up } from './load-balancer/control/up.ts'
export { type IngressOptions, ingress } from './load-balancer/datapath/ingress.ts'
export { shippedPrograms } from './shipped.ts'
