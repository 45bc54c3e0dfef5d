// Which secret protected a message.

// The traffic secret under which a message travelled, or null where the recording does not hold it.
export function secretOf(model, message) {
    const protection = message.protection === null ? null : model.protections[message.protection];
    const step = protection?.secret_step ? model.stepById.get(protection.secret_step) : null;
    return step?.output ?? null;
}
