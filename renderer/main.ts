/** The page's entry: theme first, so that nothing flashes, then the frame with its client. */
import { connect } from './data/client.ts';
import { WeirApp } from './pages/app.ts';
import { applyTheme, readTheme } from './theme.ts';

applyTheme(readTheme());
const app = document.querySelector('weir-app');
if (app instanceof WeirApp) app.client = connect();
