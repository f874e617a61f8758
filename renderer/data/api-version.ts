/** The version of the contract (engine/api/contract.ts, API_VERSION) this page was written for. */
export const API_VERSION_OF_PAGE = 1;
