/** Styles of the page that looks at a file. */
import { css } from 'lit';

export const filePageStyles = css`
  .page,
  .parts {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    align-content: start;
    gap: var(--space-4);
  }

  .page {
    max-width: 1000px;
    margin: 0 auto;
    padding: var(--space-5) var(--space-6) var(--space-8);
  }

  h1 {
    min-width: 0;
    overflow-wrap: anywhere;
  }

  .body {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--space-3);
  }

  .verified {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-1) var(--space-2);
    font-weight: 600;
  }

  .verified .muted {
    font-weight: 400;
  }

  .verified weir-icon {
    color: var(--state-done);
  }

  ul {
    display: grid;
    gap: var(--space-2);
    margin: 0;
    padding: 0;
    list-style: none;
    overflow-wrap: anywhere;
  }

  label {
    display: inline-flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2);
  }

  @media (max-width: 700px) {
    .page {
      padding-inline: var(--space-4);
    }
  }
`;
