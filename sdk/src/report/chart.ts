import type { EChartsCoreOption } from 'echarts/core'

/** A curve. Points are in the order of x; a `y` that is not finite leaves a gap. */
export interface Curve {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Curves of one group share a color. Default: a group of its own. */
  readonly group?: string
  readonly dashed?: boolean
}

export interface ChartOptions {
  readonly title: string
  readonly subtitle?: string
  readonly xTitle: string
  readonly yTitle: string
  /** Show y as percent; 0.05 is 5 %. */
  readonly percent?: boolean
  /** Both axes by powers of ten; only points with `x` and `y` above 0 are drawn. */
  readonly logarithmic?: boolean
  readonly curves: readonly Curve[]
  /** In pixels; default 900 x 480. */
  readonly width?: number
  readonly height?: number
}

// Blue, vermilion, green, purple, orange: told apart by readers who don't see all colors (Okabe and Ito).
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'] as const

const INK = '#333333'
const FAINT = '#e3e3e3'

/** Draws curves with axes and legend as an SVG document. */
export async function lineChart(chart: ChartOptions): Promise<string> {
  // Loaded here, since no other part of the package needs a charting library.
  const [echarts, { LineChart }, { GridComponent, LegendComponent, TitleComponent }, { SVGRenderer }] =
    await Promise.all([
      import('echarts/core'),
      import('echarts/charts'),
      import('echarts/components'),
      import('echarts/renderers'),
    ])
  echarts.use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])
  const { width = 900, height = 480 } = chart
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    instance.setOption(described(chart))
    return instance.renderToSVGString()
  } finally {
    instance.dispose()
  }
}

function described(chart: ChartOptions): EChartsCoreOption {
  const { logarithmic = false } = chart
  const groups = [...new Set(chart.curves.map(({ name, group }) => group ?? name))]
  const percentText = (value: number) => `${String(Number((value * 100).toFixed(1)))} %`
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: INK },
    title: {
      text: chart.title,
      subtext: chart.subtitle ?? '',
      left: 16,
      top: 12,
      textStyle: { fontSize: 17, color: INK },
      subtextStyle: { fontSize: 12, color: '#666666' },
    },
    // Lines without the dots that would hide their dashes.
    legend: {
      itemStyle: { opacity: 0 },
      top: 62,
      left: 12,
      itemWidth: 32,
      itemGap: 20,
      textStyle: { fontSize: 13, color: INK },
    },
    grid: { left: 72, right: 84, top: 104, bottom: 58 },
    xAxis: {
      type: logarithmic ? 'log' : 'value',
      name: chart.xTitle,
      nameLocation: 'middle',
      nameGap: 32,
      nameTextStyle: { fontSize: 13, color: INK },
      ...(logarithmic ? {} : { min: 0 }),
      max: Math.max(...chart.curves.flatMap(({ points }) => points.map(([x]) => x))),
      axisLine: { lineStyle: { color: INK } },
      axisTick: { lineStyle: { color: INK } },
      axisLabel: { color: INK, margin: 12 },
      splitLine: { show: false },
    },
    yAxis: {
      type: logarithmic ? 'log' : 'value',
      name: chart.yTitle,
      nameLocation: 'middle',
      nameGap: 50,
      nameTextStyle: { fontSize: 13, color: INK },
      ...(logarithmic ? {} : { min: 0 }),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: INK, ...(chart.percent === true ? { formatter: percentText } : {}) },
      splitLine: { lineStyle: { color: FAINT } },
    },
    series: chart.curves.map(({ name, points, group, dashed = false }) => {
      const color = COLORS[groups.indexOf(group ?? name) % COLORS.length]
      const last = points.at(-1)?.[1]
      return {
        type: 'line',
        name,
        data: points
          .filter(([x, y]) => !logarithmic || (x > 0 && !(y <= 0)))
          .map(([x, y]) => [x, Number.isFinite(y) ? y : '-']),
        symbol: 'none',
        labelLayout: { moveOverlap: 'shiftY' },
        lineStyle: { width: dashed ? 1.5 : 2.5, type: dashed ? [5, 4] : 'solid', color },
        itemStyle: { color },
        ...(dashed || last === undefined
          ? {}
          : {
              endLabel: {
                show: true,
                formatter: chart.percent === true ? percentText(last) : String(last),
                color,
                fontSize: 13,
                fontWeight: 'bold',
              },
            }),
      }
    }),
  }
}
