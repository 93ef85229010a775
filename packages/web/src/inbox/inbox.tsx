import { render } from "preact";
import { InboxApp } from "./inbox-app.tsx";

const page = document.getElementById("page");
if (page) render(<InboxApp />, page);
