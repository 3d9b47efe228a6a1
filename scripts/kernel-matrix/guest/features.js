// What `tsbpf-lb features` has to say on this kernel.
import { strict as assert } from 'node:assert'
import { parameters } from './parameters.js'

const { suite, lacks, varies } = parameters
/** A kernel that is refused need not have the rest, either. */
const certain = (feature) => !varies.includes(feature) && (suite === 'balance' || lacks.includes(feature))

/** Every answer of `features --json`, where all modules that it may be about are loaded. */
export function checkAnswers(answers) {
  for (const { feature, supported, unknown } of answers) {
    if (suite === 'balance') assert.equal(unknown, null, `${feature}: ${unknown}`)
    if (certain(feature)) assert.equal(supported, !lacks.includes(feature), feature)
  }
  for (const feature of [...lacks, ...varies])
    assert.ok(
      answers.some((answer) => answer.feature === feature),
      `nothing is said of ${feature}`,
    )
}

/** The same before the modules are loaded: then an answer may be that it cannot be known yet. */
export function checkUnloaded(answers) {
  for (const { feature, supported, unknown } of answers)
    if (supported === null) assert.match(unknown, /^module \S+( and \S+)? not loaded$/, feature)
    else if (certain(feature)) assert.equal(supported, !lacks.includes(feature), feature)
}

/** The same for people: what is missing is told apart, with what can be done about it. */
export function checkText(text) {
  for (const feature of lacks) {
    assert.match(text, new RegExp(`^${feature} .* no `, 'm'), text)
    assert.match(text, new RegExp(`^  ${feature}: .*\n    \\S`, 'm'), text)
  }
}
