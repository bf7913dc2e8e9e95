import { type Html, html } from './html.ts'

export interface Product {
  readonly id: string
  readonly name: string
  readonly about: string
  /** In euro cents. */
  readonly price: number
  readonly drawing: Html
}

const draw = (shapes: Html): Html =>
  html`<svg class="drawing" viewBox="0 0 48 48" aria-hidden="true" focusable="false">${shapes}</svg>`

export const products: readonly Product[] = [
  {
    id: 'mug',
    name: 'Morning mug',
    about: 'Holds three decilitres and a good hour. Speckled glaze, unglazed foot, handle for a whole hand.',
    price: 2400,
    drawing: draw(html`<path d="M12 14h20v18a6 6 0 0 1-6 6h-8a6 6 0 0 1-6-6zM32 18h3a5 5 0 0 1 0 12h-3" />`),
  },
  {
    id: 'espresso',
    name: 'Espresso pair',
    about: 'Two small cups with thick walls that keep a short coffee hot to the end.',
    price: 2900,
    drawing: draw(
      html`<path d="M6 20h14v8a6 6 0 0 1-6 6h-2a6 6 0 0 1-6-6zM28 20h14v8a6 6 0 0 1-6 6h-2a6 6 0 0 1-6-6zM5 38h16M27 38h16" />`,
    ),
  },
  {
    id: 'teapot',
    name: 'Teapot for two',
    about: 'Pours without a drip. The strainer is part of the spout, and the lid stays on.',
    price: 6800,
    drawing: draw(
      html`<path d="M14 20h20c3 3 4 6 4 9 0 6-6 9-14 9s-14-3-14-9c0-3 1-6 4-9zM18 20c0-4 12-4 12 0M24 17v-4M38 26l6-5M10 24c-6 0-6 8 1 8" />`,
    ),
  },
  {
    id: 'bowl',
    name: 'Breakfast bowl',
    about: 'Wide enough for porridge with berries, deep enough for soup.',
    price: 2200,
    drawing: draw(html`<path d="M6 20h36c0 10-7 17-18 17S6 30 6 20zM18 37h12v3H18z" />`),
  },
  {
    id: 'plate',
    name: 'Everyday plate',
    about: 'Twenty-four centimetres across, stackable, at home in the dishwasher.',
    price: 1900,
    drawing: draw(html`<circle cx="24" cy="24" r="18" /><circle cx="24" cy="24" r="11" />`),
  },
  {
    id: 'jug',
    name: 'Milk jug',
    about: 'Half a litre, with a lip that ends the stream where you end it.',
    price: 3200,
    drawing: draw(
      html`<path d="M16 10l-5-2 2 8c-3 5-3 10-3 14 0 6 3 9 12 9s12-3 12-9c0-6-2-9-4-14v-6zM33 18c8-2 8 12 1 13" />`,
    ),
  },
  {
    id: 'vase',
    name: 'Meadow vase',
    about: 'A narrow neck, so that seven stems from the wayside are a bouquet.',
    price: 4500,
    drawing: draw(
      html`<path d="M20 18h8c-1 4 7 7 7 14 0 5-4 8-11 8s-11-3-11-8c0-7 8-10 7-14zM24 18V6M24 12l6-5M24 14l-6-5" />`,
    ),
  },
  {
    id: 'planter',
    name: 'Windowsill planter',
    about: 'For herbs. Drains into its own saucer, and the saucer drains into nothing.',
    price: 3600,
    drawing: draw(html`<path d="M10 22h28l-3 14H13zM9 40h30M24 22c0-8-7-9-9-13M24 22c0-8 7-9 9-13M24 22V8" />`),
  },
  {
    id: 'candle',
    name: 'Candle holder',
    about: 'Low and heavy. Takes dinner candles and stays where it is.',
    price: 1800,
    drawing: draw(html`<path d="M20 32V16h8v16M10 32h28l-3 7H13zM24 16v-3M24 6c3 4 2 7 0 7s-3-3 0-7z" />`),
  },
  {
    id: 'butter',
    name: 'Butter dish',
    about: 'Soft butter without a fridge: the rim holds water, the water keeps the air out.',
    price: 3900,
    drawing: draw(html`<path d="M10 32v-8a8 8 0 0 1 8-8h12a8 8 0 0 1 8 8v8zM6 32h36l-2 6H8zM22 16c0-4 4-4 4 0" />`),
  },
  {
    id: 'salt',
    name: 'Salt pig',
    about: 'Stands open beside the stove, and keeps its salt dry all the same.',
    price: 2700,
    drawing: draw(
      html`<path d="M14 38c-5-5-5-19 3-25 8-5 17-1 18 8 1 8 0 13-3 17z" /><circle cx="22" cy="22" r="6" />`,
    ),
  },
  {
    id: 'tile',
    name: 'Trivet “Blåsippa”',
    about: 'A tile for hot pots, with the first flower of the Nordic spring.',
    price: 1600,
    drawing: draw(
      html`<rect x="7" y="7" width="34" height="34" rx="3" /><circle cx="24" cy="24" r="3" /><path d="M24 21c-4-3-4-8 0-9 4 1 4 6 0 9zM24 27c-4 3-4 8 0 9 4-1 4-6 0-9zM21 24c-3-4-8-4-9 0 1 4 6 4 9 0zM27 24c3-4 8-4 9 0-1 4-6 4-9 0z" />`,
    ),
  },
]

const byId = new Map(products.map((product) => [product.id, product]))

export function findProduct(id: string): Product | undefined {
  return byId.get(id)
}

const euro = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })

export function money(cents: number): string {
  return euro.format(cents / 100)
}
