import { describe, expect, it } from 'vitest'

import { type ChartOptions, lineChart } from '../../src/report/chart.js'

const chart: ChartOptions = {
  title: 'Test error & labels',
  subtitle: 'mean of 5 seeds',
  xTitle: 'step',
  yTitle: 'test error',
  percent: true,
  curves: [
    {
      name: 'labels only, student',
      group: 'labels',
      dashed: true,
      points: [
        [0, 0.9],
        [300, 0.3],
        [600, 0.2],
      ],
    },
    {
      name: 'labels only, teacher',
      group: 'labels',
      points: [
        [0, 0.9],
        [300, 0.25],
        [600, 0.168],
      ],
    },
    {
      name: 'CowMix, teacher',
      group: 'cowmix',
      points: [
        [0, 0.9],
        [300, Number.NaN],
        [400, 0.2],
        [600, 0.0621],
      ],
    },
  ],
}

/** The drawn lines: their color, whether they are dashed, and the corners they go through. */
function lines(svg: string) {
  return [...svg.matchAll(/<path [^>]*>/g)]
    .map(
      ([element]) =>
        new Map([...element.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value ?? ''])),
    )
    .filter((path) => path.get('fill') === 'none' && path.has('stroke-linejoin'))
    .map((path) => ({
      color: path.get('stroke'),
      dashed: path.has('stroke-dasharray'),
      pieces: path.get('d')?.match(/M/g)?.length,
      corners: [...(path.get('d') ?? '').matchAll(/([\d.]+) ([\d.]+)/g)].map(
        ([, x, y]) => [Number(x), Number(y)] as const,
      ),
    }))
}

describe('a chart', () => {
  it('is one SVG document of the asked size, with titles, axes and legend', async () => {
    const svg = await lineChart({ ...chart, width: 640, height: 400 })
    expect(svg).toMatch(/^<svg width="640" height="400"[^>]*>/)
    expect(svg.trimEnd().endsWith('</svg>')).toBe(true)
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
    for (const text of [
      'Test error &amp; labels',
      'mean of 5 seeds',
      'step',
      'test error',
      ...chart.curves.map(({ name }) => name),
    ])
      expect(texts).toContain(text)
    expect(texts.filter((text) => text?.endsWith(' %'))).toEqual(expect.arrayContaining(['16.8 %', '6.2 %']))
  })

  it('draws every curve: one color a group, dashed where asked, a gap where nothing is known', async () => {
    const drawn = lines(await lineChart(chart))
    expect(drawn.map(({ dashed }) => dashed)).toEqual([true, false, false])
    expect(drawn[0]?.color).toBe(drawn[1]?.color)
    expect(drawn[1]?.color).not.toBe(drawn[2]?.color)
    expect(drawn.map(({ pieces }) => pieces)).toEqual([1, 1, 2])
  })

  it('puts points where their values are: zero at the bottom, x from left to right', async () => {
    const [, teacher] = lines(await lineChart(chart))
    const [start, middle, end] = teacher?.corners ?? []
    if (!start || !middle || !end) throw new Error('no curve')
    expect((middle[0] - start[0]) / (end[0] - start[0])).toBeCloseTo(0.5, 2)
    // Down the picture is a smaller error; heights are in proportion to values.
    expect((middle[1] - start[1]) / (end[1] - start[1])).toBeCloseTo((0.9 - 0.25) / (0.9 - 0.168), 2)
  })

  it('draws a power of x as a straight line where both axes are logarithmic', async () => {
    const points = [1, 10, 100, 1000].map((x) => [x, x ** 2] as const)
    const curves = [{ name: 'time', points: [[0, 5] as const, ...points, [2000, 0] as const] }]
    const [line] = lines(await lineChart({ ...chart, curves, percent: false, logarithmic: true }))
    expect(line?.corners).toHaveLength(4)
    const corners = line?.corners ?? []
    const steps = corners
      .slice(1)
      .map(([x, y], place) => [x - (corners[place]?.[0] ?? 0), y - (corners[place]?.[1] ?? 0)])
    for (const [right, up] of steps) {
      expect(right).toBeCloseTo(steps[0]?.[0] ?? NaN, 0)
      expect(up).toBeCloseTo(steps[0]?.[1] ?? NaN, 0)
    }
  })
})
