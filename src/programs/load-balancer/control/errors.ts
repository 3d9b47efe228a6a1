import { TsbpfError } from '../../../asm/diagnostics/error.ts'

/** Something the operator wrote that cannot be meant; nothing was changed. */
export class InvalidRequestError extends TsbpfError {
  constructor(message: string, hint = '') {
    super('INVALID_REQUEST', message, { hint })
  }
}

/** There is no such interface, service, backend or running balancer. */
export class NotFoundError extends TsbpfError {
  constructor(message: string, hint = '') {
    super('NOT_FOUND', message, { hint })
  }
}

/** What is to be added is there already. */
export class AlreadyExistsError extends TsbpfError {
  constructor(message: string, hint = '') {
    super('ALREADY_EXISTS', message, { hint })
  }
}

/** A part of the product that is not built yet. */
export class NotYetError extends TsbpfError {
  constructor(message: string, hint = '') {
    super('NOT_YET', message, { hint })
  }
}

/** Another command is changing the balancer. */
export class BusyError extends TsbpfError {
  constructor(message: string, hint = '') {
    super('BUSY', message, { hint })
  }
}
