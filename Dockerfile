FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save
COPY src ./src
RUN npm run bundle

# The image has neither a shell nor a package manager. The heap follows the memory limit of the container.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
ENV NODE_OPTIONS=--max-old-space-size-percentage=60
COPY --from=build /src/dist/refgrant.js /refgrant.js
EXPOSE 8443 8080
ENTRYPOINT ["/nodejs/bin/node", "/refgrant.js"]
CMD ["serve"]
