/** Sets CSS custom properties through the element's style object: the content security policy refuses style attributes. */
import { noChange, type ElementPart } from 'lit';
import { Directive, directive, PartType, type PartInfo } from 'lit/directive.js';

export type CustomProperties = Readonly<Record<`--${string}`, string | number>>;

class CustomPropertiesDirective extends Directive {
  #last: CustomProperties = {};

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT)
      throw new TypeError('customProperties() belongs on an element, not in an attribute.');
  }

  override render(_properties: CustomProperties): typeof noChange {
    return noChange;
  }

  override update(part: ElementPart, [properties]: [CustomProperties]): typeof noChange {
    const { style } = part.element as HTMLElement;
    for (const name of Object.keys(this.#last)) if (!(name in properties)) style.removeProperty(name);
    for (const [name, value] of Object.entries(properties)) {
      if (this.#last[name as `--${string}`] !== value) style.setProperty(name, String(value));
    }
    this.#last = properties;
    return noChange;
  }
}

/** `<div ${customProperties({'--share': 0.4})}>`: sets custom properties on the element, and only what changed. */
export const customProperties = directive(CustomPropertiesDirective);
