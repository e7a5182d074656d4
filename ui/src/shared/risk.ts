// Risk colours always come with their word and their shape, never alone.

/** As the directory writes it. */
export type RiskName = 'major' | 'larger' | 'general' | 'low'

export const riskShapes: Record<RiskName, string> = { major: '●', larger: '▲', general: '■', low: '◆' }
