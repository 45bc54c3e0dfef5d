// The key schedule as a tree to draw: each step under the one whose output it expands or takes as salt.

// [{ step, depth, parent (row) or -1, side: other inputs }] in drawing order.
export function rowsOf(steps) {
    const ids = new Set(steps.map((step) => step.id));
    const children = new Map(steps.map((step) => [step.id, []]));
    const roots = [];
    for (const step of steps) {
        const parent = parentOf(step);
        (parent !== null && ids.has(parent) ? children.get(parent) : roots).push(step);
    }
    const rows = [];
    const visit = (step, depth, parent) => {
        const row = rows.length;
        rows.push({ step, depth, parent, side: sideInputs(step) });
        const below = children.get(step.id);
        // The spine goes on last, so that what hangs on a secret stands beside it.
        for (const child of [...below.filter((c) => !isSpine(c)), ...below.filter(isSpine)]) {
            visit(child, isSpineStep(child) ? depth : depth + 1, row);
        }
    };
    roots.forEach((root) => visit(root, 0, -1));
    return rows;
}

export function parentOf(step) {
    const wanted = step.op === 'Extract' ? 'salt' : 'secret';
    return step.inputs.find((input) => input.role === wanted && input.kind === 'step')?.step ?? null;
}

function isSpineStep(step) {
    return step.op === 'Extract' || step.label === 'derived' || step.label === 'traffic upd';
}

function isSpine(step) {
    return isSpineStep(step);
}

function sideInputs(step) {
    const parent = parentOf(step);
    return step.inputs.filter((input) => input.step === null || input.step !== parent);
}
