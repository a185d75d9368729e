FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save
COPY src ./src
RUN npm run bundle

# No shell and no package manager; the heap follows the container's memory limit.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
ENV NODE_OPTIONS=--max-old-space-size-percentage=60
COPY --from=build /src/dist/refgrant.js /refgrant.js
EXPOSE 8443 8080
ENTRYPOINT ["/nodejs/bin/node", "/refgrant.js"]
CMD ["serve"]
