// Words of the trade that the server sends as codes: hazard tags, sectors,
// tiers. A code from a newer version is shown as it came.
import { useI18n } from 'vue-i18n'
import { defineMessages } from '@/shared/i18n'

export const consoleTradeMessages = defineMessages(
  'consoleTrade',
  {
    tag: {
      hazchem_use: '危化品使用',
      hazchem_production: '危化品生产',
      hazchem_trade: '危化品经营',
      major_hazard_source1: '一级重大危险源',
      major_hazard_source2: '二级重大危险源',
      major_hazard_source3: '三级重大危险源',
      major_hazard_source4: '四级重大危险源',
      dust_explosion: '粉尘涉爆',
      ammonia: '涉氨制冷',
      confined_space: '有限空间',
      deep_well_casting: '深井铸造',
      metal_smelting: '金属冶炼',
      special_equipment: '特种设备',
      hazardous_waste: '危险废物',
      gas_user: '燃气用户',
      university_lab: '高校实验室',
      crowded_place: '人员密集场所',
      key_fire_unit: '消防重点单位',
    },
    sector: {
      emergency_management: '应急管理',
      fire: '消防救援',
      market_supervision: '市场监管',
      environment: '生态环境',
      housing: '住房城乡建设',
      public_security: '公安',
      industry: '工业和信息化',
      health: '卫生健康',
      transport: '交通运输',
      education: '教育',
      commerce: '商务',
      culture_tourism: '文化和旅游',
      urban_management: '城市管理',
      water: '水务',
      agriculture: '农业农村',
      comprehensive: '综合行政执法',
    },
    tier: { city: '市级', county: '区级', town: '镇街级' },
  },
  {
    tag: {
      hazchem_use: 'Uses hazardous chemicals',
      hazchem_production: 'Makes hazardous chemicals',
      hazchem_trade: 'Trades hazardous chemicals',
      major_hazard_source1: 'Major hazard source 1',
      major_hazard_source2: 'Major hazard source 2',
      major_hazard_source3: 'Major hazard source 3',
      major_hazard_source4: 'Major hazard source 4',
      dust_explosion: 'Explosive dust',
      ammonia: 'Ammonia refrigeration',
      confined_space: 'Confined space',
      deep_well_casting: 'Deep-well casting',
      metal_smelting: 'Metal smelting',
      special_equipment: 'Special equipment',
      hazardous_waste: 'Hazardous waste',
      gas_user: 'Gas user',
      university_lab: 'University laboratory',
      crowded_place: 'Crowded place',
      key_fire_unit: 'Key fire-safety unit',
    },
    sector: {
      emergency_management: 'Emergency management',
      fire: 'Fire and rescue',
      market_supervision: 'Market supervision',
      environment: 'Environment',
      housing: 'Housing and construction',
      public_security: 'Public security',
      industry: 'Industry and IT',
      health: 'Health',
      transport: 'Transport',
      education: 'Education',
      commerce: 'Commerce',
      culture_tourism: 'Culture and tourism',
      urban_management: 'Urban management',
      water: 'Water',
      agriculture: 'Agriculture',
      comprehensive: 'Comprehensive enforcement',
    },
    tier: { city: 'City', county: 'District', town: 'Town' },
  },
)

/** The word for a code, or the code itself. */
export function useTradeWords(): (kind: 'tag' | 'sector' | 'tier', code: string) => string {
  const { t, te } = useI18n()
  return (kind, code) => {
    const key = `consoleTrade.${kind}.${code}`
    return te(key) ? t(key) : code
  }
}
